import Glibc
import LinuxSystem

Footing.secure()
Terminal.occupyStreams()
exit(Program.run(CommandLineWords.all()).number)
