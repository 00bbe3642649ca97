public import FoundationEssentials

/// The checkout that the tests were built from.
public enum Checkout {
  public static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
}
