// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
]

let strictC: [CSetting] = [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]

/// The commit this is built from, for `version` (runtime-rpc §2.5); outside of Git there is none.
///
/// The variable is for scripts/build-release: what the package manager remembers of Git may be older.
let commit =
    Context.environment["DROVER_COMMIT"]
    ?? Context.gitInformation.map { String($0.currentCommit.prefix(12)) } ?? "unknown"

// The order is the architecture's: what stands lower may not import what stands higher (docs/architecture.md).
let package = Package(
    name: "drover",
    products: [
        .executable(name: "drover", targets: ["drover"]),
        .executable(name: "drover-shim", targets: ["drover-shim"]),
        .executable(name: "drover-hook", targets: ["drover-hook"]),
        .executable(name: "protocol-echo", targets: ["protocol-echo"]),
        .executable(name: "room-server", targets: ["room-server"]),
        .library(name: "SocketIO", targets: ["SocketIO"]),
        .library(name: "RuntimeClient", targets: ["RuntimeClient"]),
        // For Fuzz/.
        .library(name: "Bytes", targets: ["Bytes"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "Store", targets: ["Store"]),
        .library(name: "HTTP", targets: ["HTTP"]),
        .library(name: "CShim", targets: ["CShim"]),
    ],
    targets: [
        // C libraries of the distribution, and what only C can say.
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CHTTPParser", providers: [.apt(["libhttp-parser-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "CSystem", cSettings: [.define("DROVER_COMMIT", to: "\"\(commit)\"")],
            linkerSettings: [.linkedLibrary("util")]),

        .target(name: "CCurl", cSettings: strictC),
        .target(name: "CShim", dependencies: ["CSystem"], cSettings: strictC),

        // Pure.
        .target(name: "Bytes", swiftSettings: strict, linkerSettings: [.linkedLibrary("m")]),
        .target(name: "Fleet", dependencies: ["Bytes"], swiftSettings: strict),
        .target(name: "SocketIO", dependencies: ["Bytes"], swiftSettings: strict),
        .target(name: "Wire", dependencies: ["Bytes", "Fleet"], swiftSettings: strict),
        .target(name: "Models", dependencies: ["Bytes", "Fleet"], swiftSettings: strict),
        .target(name: "Telegram", dependencies: ["Bytes", "Models"], swiftSettings: strict),
        .target(name: "HookReport", dependencies: ["Bytes", "Fleet"], swiftSettings: strict),

        // System.
        .target(name: "Reactor", dependencies: ["Bytes", "CUV", "CSystem"], swiftSettings: strict),
        .target(name: "Tmux", dependencies: ["Bytes", "Fleet", "Reactor"], swiftSettings: strict),
        .target(
            name: "HTTP", dependencies: ["Bytes", "Reactor", "SocketIO", "CHTTPParser", "COpenSSL"],
            swiftSettings: strict),
        .target(name: "Store", dependencies: ["Bytes", "Fleet", "CSQLite", "CSystem"], swiftSettings: strict),
        .target(name: "Client", dependencies: ["Bytes", "Fleet", "Wire", "CSystem"], swiftSettings: strict),
        .target(name: "Upstream", dependencies: ["Bytes", "Models", "Reactor", "CCurl"], swiftSettings: strict),
        .target(name: "Settings", dependencies: ["Bytes", "COpenSSL"], swiftSettings: strict),
        .target(
            name: "Toolbox", dependencies: ["Bytes", "Fleet", "Models", "Settings", "CSystem"], swiftSettings: strict),
        .target(name: "RuntimeClient", dependencies: ["Bytes", "Fleet", "Models", "CCurl"], swiftSettings: strict),
        .target(name: "Spool", dependencies: ["Fleet", "HookReport"], swiftSettings: strict),
        .target(name: "Integrations", dependencies: ["Bytes", "HookReport", "Spool"], swiftSettings: strict),

        // Services.
        .target(
            name: "Supervision", dependencies: ["Bytes", "Fleet", "Wire", "Reactor", "Tmux"], swiftSettings: strict),
        .target(
            name: "Sensing", dependencies: ["Bytes", "Fleet", "Wire", "Reactor", "Tmux"], swiftSettings: strict),
        .target(name: "Running", dependencies: ["Bytes", "Fleet", "Reactor"], swiftSettings: strict),
        .target(
            name: "Hub", dependencies: ["Bytes", "Fleet", "Wire", "SocketIO", "Reactor", "HTTP"],
            swiftSettings: strict),

        .target(
            name: "Chat",
            dependencies: [
                "Bytes", "Fleet", "Models", "Settings", "Upstream", "Toolbox", "Telegram", "Reactor", "HTTP",
            ],
            swiftSettings: strict),

        // Executables.
        .executableTarget(
            name: "drover",
            dependencies: [
                "Bytes", "Fleet", "Wire", "Reactor", "HTTP", "Store", "Client", "Running", "Supervision", "Sensing",
                "Tmux", "Hub", "Chat", "Models", "Settings", "Upstream", "Toolbox", "RuntimeClient", "Telegram",
                "CShim", "CSystem", "Integrations", "Spool",
            ],
            swiftSettings: strict),
        // Static and without Swift's runtime, since it waits beside every session (docs/adr/0006-a-shim-in-c.md). Debug
        // builds are linked as usual, for the sanitizers' sake.
        .executableTarget(
            name: "drover-shim", dependencies: ["CShim"], cSettings: strictC,
            linkerSettings: [
                .unsafeFlags(
                    ["-static-executable", "-nostartfiles"], .when(platforms: [.linux], configuration: .release))
            ]),
        // Static, since it starts with every hook, and a dynamic linker would be a part of every start.
        .executableTarget(
            name: "drover-hook", dependencies: ["Bytes", "Fleet", "HookReport", "Spool"], swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-static-executable"], .when(platforms: [.linux], configuration: .release))]),
        .executableTarget(
            name: "protocol-echo", dependencies: ["Bytes", "SocketIO", "Reactor", "HTTP"],
            path: "Examples/protocol-echo", swiftSettings: strict),
        .executableTarget(
            name: "room-server", dependencies: ["Bytes", "SocketIO", "Reactor", "HTTP"],
            path: "Examples/room-server", swiftSettings: strict),

        // Tests.
        .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: strict),
        .testTarget(name: "FleetTests", dependencies: ["Fleet"], swiftSettings: strict),
        .testTarget(name: "SocketIOTests", dependencies: ["SocketIO"], swiftSettings: strict),
        .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor"], swiftSettings: strict),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP"], swiftSettings: strict),
        .testTarget(name: "StoreTests", dependencies: ["Store", "Bytes"], swiftSettings: strict),
        .testTarget(name: "ClientTests", dependencies: ["Client", "Fleet", "Wire"], swiftSettings: strict),
        .testTarget(
            name: "HookReportTests", dependencies: ["HookReport", "Spool", "Bytes", "Fleet"], swiftSettings: strict),
        .testTarget(name: "IntegrationsTests", dependencies: ["Integrations", "Bytes"], swiftSettings: strict),
        .testTarget(name: "RunningTests", dependencies: ["Running"], swiftSettings: strict),
        .testTarget(name: "TmuxTests", dependencies: ["Tmux", "Fleet", "Reactor"], swiftSettings: strict),
        .testTarget(
            name: "SupervisionTests", dependencies: ["Supervision", "Bytes", "Fleet", "Reactor", "Tmux", "Wire"],
            swiftSettings: strict),
        .testTarget(name: "SensingTests", dependencies: ["Sensing", "Fleet"], swiftSettings: strict),
        .testTarget(name: "TelegramTests", dependencies: ["Telegram", "Bytes", "Models"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings", "Bytes"], swiftSettings: strict),
        .testTarget(name: "HubTests", dependencies: ["Hub"], swiftSettings: strict),
        .testTarget(
            name: "ChatTests",
            dependencies: ["Chat", "Bytes", "Fleet", "Models", "Settings", "Toolbox", "Upstream", "Reactor", "HTTP"],
            swiftSettings: strict),
        .testTarget(
            name: "ToolboxTests", dependencies: ["Toolbox", "Bytes", "Fleet", "Models", "Settings", "CSystem"],
            swiftSettings: strict),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "Bytes", "Fleet"], swiftSettings: strict),
        .testTarget(
            name: "UpstreamTests", dependencies: ["Upstream", "CCurl", "Models", "Reactor"], swiftSettings: strict),
        .testTarget(
            name: "RuntimeClientTests", dependencies: ["RuntimeClient", "Bytes", "Fleet", "Models"],
            swiftSettings: strict),
        .testTarget(
            name: "DroverTests", dependencies: ["drover", "Fleet", "Wire", "RuntimeClient", "Models"],
            swiftSettings: strict),
    ]
)
