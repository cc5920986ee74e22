import Reactor

/// The version of this program, said once.
enum DroverVersion {
    static let current = "0.1.0"
    /// The commit it was built from, or `unknown`.
    static let commit = Build.commit
}
