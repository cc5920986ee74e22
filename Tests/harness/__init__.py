"""What the tests share: programs to start, peers to talk to them with, and ways to wait."""
