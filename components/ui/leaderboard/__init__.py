"""The leaderboard page's parts."""
