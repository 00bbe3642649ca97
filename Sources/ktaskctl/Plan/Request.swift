import LinuxSystem
import MemoryWork

/// What a command asks for: its intent in values, and how the job is opened that does it.
struct Request {
  let intent: Intent
  /// Opens what it names and says what is wrong with it; changes nothing.
  let open: (inout Opening) throws(MemoryError) -> any MemoryJob

  init(_ intent: Intent, open: @escaping (inout Opening) throws(MemoryError) -> any MemoryJob) {
    self.intent = intent
    self.open = open
  }
}

/// What a command is about, and what it means for what is there and for whoever waits.
struct Intent: Equatable, Sendable {
  /// What is to be left of the work.
  enum Aim: Sendable {
    /// Memory that is ready: what was done stays.
    case readyMemory
    /// Figures: what was done is given back.
    case figures
    /// A look: nothing is changed, and so nothing undone.
    case look
    /// Less memory: pages are given back, which no undo can bring back.
    case freeMemory
  }
  let aim: Aim
  /// Once it is done whoever waits for memory may go on: the service manager is told READY=1.
  let isReadiness: Bool
  /// The files that it is about, as they are named; none: memory of its own.
  let paths: [String]
  /// The process whose memory it is about, in place of files; nil: there is none.
  var process: ProcessWords?
  /// Its regions in words; none where it has files or a size.
  var regions: [RegionWord] = []
  /// Where in each file it begins, in bytes; nil: at its start.
  var offset: Int?
  /// Its files are gone afterwards, empty ones too.
  var removesName = false
  /// Options that only this command has, as the user writes them, where nothing else here says them.
  var ownWords: [String] = []
  /// Of files that it makes.
  var newFiles = NewFileWords()
  /// What becomes of the pools that its files draw on; nil: they stay as they are.
  var pool: PoolChange?
  /// The stock that its files go to, or whose files they are; nil: none.
  var stock: String?
  /// It is the stock that it is about, not files by their names.
  var fillsStock = false
  /// How many files are to be ready there, and how much memory all of them may have; nil: it is only looked at, or as much as that
  /// takes.
  var count: Int?
  var mostBytes: Int?
  /// It is a round of a service's work, which goes on after it.
  var isRound = false
  /// How it pins; nil: it does not.
  var pin: PinRequest?
  /// What takes this process's place.
  var exec: ExecCommand?

  init(_ aim: Aim, isReadiness: Bool, _ paths: [String] = []) {
    self.aim = aim
    self.isReadiness = isReadiness
    self.paths = paths
  }

  /// What is left afterwards is the aim, not only the figures.
  var keepsResult: Bool { aim != .figures }

  /// Pages that a file lacked are there afterwards.
  var makesPages: Bool { aim == .readyMemory }

  /// Nothing is changed, and so nothing undone.
  var isLook: Bool { aim == .look }

  /// Memory of no file that was there before: its pages are of the kind that this program chooses.
  var makesItsOwnMemory: Bool { paths.isEmpty && process == nil }

  /// What it is about, before anything is opened.
  var subject: String { process?.subject ?? Plan.subject(paths) }
}

extension Intent {
  /// The same with what only some commands have.
  func with(_ change: (inout Intent) -> Void) -> Intent {
    var intent = self
    change(&intent)
    return intent
  }
}
