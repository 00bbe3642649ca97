import Glibc

Terminal.openStreams()
exit(Program.run(Array(CommandLine.arguments.dropFirst())))
