"""Hide half of the labels at random and compare what blanks may mean in the loss."""
