"""Whether the server of this container is well, as its exit status; what it says is printed."""

import os
import sys
import urllib.error
import urllib.request

_PORT = os.environ.get("STREAMLIT_SERVER_PORT", "8501")


def main() -> int:
    """0 if /healthz answers that all is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/healthz", timeout=8) as answer:
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as failing:
        print(failing.read().decode())
    except OSError as error:
        print(error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
