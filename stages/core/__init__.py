"""What every package rests on: the one-line error, files written whole, the types of fields."""
