"""What is true of SMS whoever carries it: alphabets and parts, numbers, states, message types. Pure."""
