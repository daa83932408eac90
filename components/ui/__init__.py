"""The Streamlit side: the only part that imports it."""
