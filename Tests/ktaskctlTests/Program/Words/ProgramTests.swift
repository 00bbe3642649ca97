import Testing

/// All tests of the program as it is built: one after the other, since they share the machine's memory and pools.
@Suite("The built program", .serialized, .timeLimit(.minutes(60)))
enum ProgramTests {}
