import CSystem

/// What the build wrote into this program.
public enum Build {
    /// The commit it was built from: 12 hexadecimal digits, or `unknown` outside of Git.
    public static let commit = String(cString: drover_build_commit())
}
