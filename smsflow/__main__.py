"""`python -m smsflow` is `smsflow`."""

from smsflow.cli import main

if __name__ == "__main__":
    main()
