"""What carries the state. One core, one file, one entry-point line; the law tests pick it up by themselves."""
