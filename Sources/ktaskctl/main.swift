import Glibc
import KTask
import LinuxSystem

Footing.secure()
Terminal.occupyStreams()
let status = Program.run(CommandLineWords.all())
TaskControl.endIdleHelpers()
exit(status.number)
