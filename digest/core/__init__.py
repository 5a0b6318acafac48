"""What a digest is made of: pure data and rules, without files, sockets, clock or randomness."""
