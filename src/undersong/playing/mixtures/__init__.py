"""Several voices as one."""
