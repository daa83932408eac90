"""The live inference page's parts."""
