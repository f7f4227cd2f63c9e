"""What counts instead of learning: n-grams and Markov chains."""
