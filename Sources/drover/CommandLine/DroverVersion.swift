/// The version of this program, said once.
enum DroverVersion {
    static let current = "0.1.0"
}
