"""The robomerge command, as pip installs it. `robomerge --help` tells what it does."""
