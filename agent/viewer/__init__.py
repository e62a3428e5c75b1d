"""Shows and keeps what an agent sees, thinks and does: window, pictures, videos, records."""
