"""The script that Streamlit runs anew for each page: all that it would make anew is in a module instead."""

from app.main import main

main()
