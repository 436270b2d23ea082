"""The feature view: scatter plots of the features of the selected clusters."""
