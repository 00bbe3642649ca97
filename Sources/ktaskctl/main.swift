import Glibc
import LinuxSystem

Terminal.occupyStreams()
exit(Program.run(CommandLineWords.all()))
