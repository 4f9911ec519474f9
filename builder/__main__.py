"""`python -m builder` is the same as `tfjs-for-unity`."""

from builder.cli import main

if __name__ == "__main__":
    main()
