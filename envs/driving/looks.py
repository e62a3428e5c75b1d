"""Colours."""
import numpy as np
LABEL_COLOURS = np.zeros((18, 3), np.uint8)
