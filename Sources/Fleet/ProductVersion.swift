/// The version of all of Drover's programs, said once.
public enum ProductVersion {
    public static let current = "0.1.0"
}
