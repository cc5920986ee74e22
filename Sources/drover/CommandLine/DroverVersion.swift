import Fleet
import Reactor

/// The version of this program, said once.
enum DroverVersion {
    static let current = ProductVersion.current
    /// The commit it was built from, or `unknown`.
    static let commit = Build.commit
}
