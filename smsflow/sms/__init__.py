"""What is true of SMS whoever carries it: alphabets, numbers, states, message types. Pure."""
