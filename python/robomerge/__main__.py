from robomerge.launcher import main

main()
