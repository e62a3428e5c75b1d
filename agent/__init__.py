"""The mind: it perceives, reasons, feels, decides and learns in any Gymnasium environment."""
