"""Reasoning: rules, a formal shield and look-ahead say what may be done, and why."""
