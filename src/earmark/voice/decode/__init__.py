"""Encoded sound to blocks of samples, in bounded pieces: one small file per reader."""
