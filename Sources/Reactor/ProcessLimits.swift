import CSystem

/// What a daemon takes for itself and its children do not inherit: they start as if from the shell that started it.
public enum ProcessLimits {
    /// Lets this process open as many files as the kernel allows it: each connection is one. Returns the limit now in force.
    @discardableResult
    public static func raiseFileLimit() -> UInt64 { drover_raise_file_limit() }

    /// Makes files of this process for their owner alone.
    public static func makePrivate() { drover_private_umask() }

    /// Undoes both, for a program that is to take this one's place.
    public static func restore() { drover_restore_limits() }
}
