/// Every test, in the order in which they run. Each machine runs those that are for it.
let allTests: [GuestTest] =
  machineTests + prefaultTests + growPoolTests + clearTests + lendingTests + nodeTests + nodeThreadTests + nodeWordTests
  + runningProcessTests + stockNodeTests + pinTests + vfioTests + iommufdTests + kneeTests + runTests + pinFaultTests
  + controlGroupTests + hardwareTests + faultTests

/// For the tests of the lab itself: one of each kind of end.
let selfTests: [GuestTest] = [
  GuestTest("one and one is two") { test in test.expect(1 + 1 == 2, "it is not") },
  GuestTest("one and one is three") { test in test.expect(1 + 1 == 3, "it is \(1 + 1)") },
  GuestTest("one and one is asked of an oracle") { test in try test.need(false, "no oracle here") },
]
