"""Work on many clusters that goes on in pieces: each ends when its time is over."""
