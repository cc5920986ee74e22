// swift-tools-version: 6.2
import PackageDescription

// Fuzz/run builds it: every file needs `-sanitize=fuzzer`, those of Drover too, or libFuzzer would not see their paths.

let swift: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

func fuzzer(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name, dependencies: ["Promise"] + products.map { .product(name: $0, package: "drover") },
        path: "Targets/\(name)", swiftSettings: swift)
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "drover", path: "..")],
    targets: [
        .target(name: "CFuzzer", path: "CFuzzer"),
        .target(name: "Promise", dependencies: ["CFuzzer"], path: "Promise", swiftSettings: swift),
        fuzzer("json", "Bytes"),
        fuzzer("base64", "Bytes"),
        fuzzer("websocket", "Bytes"),
        fuzzer("engineio", "Bytes", "SocketIO"),
        fuzzer("socketio", "Bytes", "SocketIO"),
        fuzzer("asciicast", "Bytes", "Store"),
        fuzzer("repair", "Bytes", "Store"),
        fuzzer("journal", "Bytes", "Store"),
        fuzzer("http", "HTTP"),
        fuzzer("runtimerpc", "Wire"),
        fuzzer("shim", "Bytes", "CShim"),
        fuzzer("daemonipc", "Wire"),
        fuzzer("chatstream", "Bytes", "RuntimeClient"),
    ]
)
