"""What is kept: instrument files and run folders."""
