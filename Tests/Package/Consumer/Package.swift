// swift-tools-version: 6.3
import PackageDescription

// A package of somebody else's: KTASK is the folder, or the git URL, where it finds this one.
let found = Context.environment["KTASK"] ?? ""
let name = String(found.split(separator: "/").last ?? "")
let isFolder = found.hasPrefix("/")

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("MemberImportVisibility"),
]
let ktask: [Target.Dependency] = [.product(name: "KTask", package: name)]

let package = Package(
  name: "consumer",
  dependencies: [isFolder ? .package(path: found) : .package(url: found, branch: "main")],
  targets: [
    .executableTarget(name: "consumer", dependencies: ktask, swiftSettings: strict),
    // what the articles show
    .executableTarget(name: "articles", dependencies: ktask),
  ]
)
