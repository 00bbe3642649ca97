/// What the options say of the work, whichever of them its command takes.
struct WorkWords: Sendable {
  var size: ByteSize?
  var pageSize: PageSizeWord?
  var nodes: NodesWord?
  var policy: PolicyWord?
  var method: MethodWord?
  var threads: ThreadRequest?
  var runs: Int?
  var warmup: Int?
  var minChunk: ByteSize
  var helpers: HelperOptions
  var timeout: TimeSpan?
  /// A FILE whose content goes is worked on although others have it.
  var evenIfOpen: Bool
  var dryRun: Bool
  /// nil: everything.
  var verify: ProofWord?
}

extension WorkWords {
  /// nil: the command takes no such options.
  init<Command: WorkCommand>(
    _ memory: SizeOptions<Command>, _ work: WorkOptions<Command>, _ helpers: HelperOptions,
    _ placement: PlacementOptions? = nil, _ repeats: RunOptions<Command>? = nil, _ files: OpenFileOptions? = nil,
    _ proof: ProofOptions? = nil
  ) {
    self.init(
      size: memory.size, pageSize: memory.pageSize, nodes: placement?.nodes, policy: placement?.policy,
      method: placement?.method, threads: work.threads, runs: repeats?.runs, warmup: repeats?.warmup,
      minChunk: work.minChunk, helpers: helpers, timeout: work.timeout, evenIfOpen: files?.evenIfOpen ?? false,
      dryRun: work.dryRun, verify: proof?.verify)
  }
}
