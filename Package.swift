// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target: the Swift 6 language mode comes with the tools version.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// What each library is for stands in ARCHITECTURE.md.
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let http: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let certificates: [Target.Dependency] = [
    .product(name: "X509", package: "swift-certificates"), .product(name: "SwiftASN1", package: "swift-asn1"),
]
let http2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "NIOHTTP1", "NIOWebSocket"].map {
    .product(name: $0, package: "swift-nio")
}

/// A target of the project, with the settings that all have.
func library(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}
func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "switchboard",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "SwitchboardClient", targets: ["SwitchboardClient"]),
        .executable(name: "switchboard", targets: ["switchboard"]),
        .executable(name: "switchboard-bench", targets: ["switchboard-bench"]),
        .executable(name: "switchboard-cluster", targets: ["switchboard-cluster"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Pure: no I/O, no clock, no randomness.
        library("SwitchboardProtocol", [protobuf], exclude: ["Schema"]),
        library("SwitchboardCore", ["SwitchboardProtocol", protobuf, collections]),

        // C libraries and what makes them Swift; they know nothing of calls.
        .systemLibrary(name: "CZooKeeper", providers: [.apt(["libzookeeper-mt-dev"]), .brew(["zookeeper"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        library("ZooKeeperClient", ["CZooKeeper", logging]),
        library("PostgresClient", ["CLibPQ", collections]),

        // Adapters of the core's ports.
        library(
            "ConversationStore",
            ["SwitchboardCore", "SwitchboardProtocol", "PostgresClient", protobuf, collections, logging, sqlite]),
        library("Coordination", ["SwitchboardCore", "SwitchboardProtocol", "ZooKeeperClient", logging]),
        library(
            "SwitchboardTransport", ["SwitchboardCore", "SwitchboardProtocol", protobuf, crypto, logging, tls] + nio),
        library(
            "SwitchboardPush",
            [
                "SwitchboardCore", "SwitchboardProtocol", http, crypto, jwt, logging, tls, collections,
            ] + certificates + nio),

        // The node: only this names concrete types.
        library(
            "SwitchboardNode",
            [
                "SwitchboardCore", "SwitchboardProtocol", "SwitchboardTransport", "ConversationStore", "Coordination",
                "SwitchboardPush", .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "SystemPackage", package: "swift-system"), protobuf, crypto, http, jwt, logging,
                lifecycle, tls,
            ] + nio),
        command(
            "switchboard",
            [
                "SwitchboardNode", "SwitchboardProbe", arguments, logging, lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),

        // Clients.
        library("SwitchboardClient", ["SwitchboardProtocol", protobuf, collections, crypto, tls] + nio),
        library(
            "SwitchboardProbe",
            ["SwitchboardClient", "SwitchboardProtocol", protobuf, collections, arguments, histogram, jwt] + nio),

        // Tools and tests; never linked into the server.
        library(
            "SwitchboardTestKit",
            ["SwitchboardCore", "SwitchboardProtocol", "SwitchboardClient", protobuf, collections]),
        library("LocalCluster"),
        library("DelayProxy", [collections] + nio),
        command("switchboard-cluster", ["LocalCluster", arguments]),
        command(
            "switchboard-bench",
            [
                "SwitchboardClient", "SwitchboardProbe", "SwitchboardProtocol", "LocalCluster", "DelayProxy", protobuf,
                arguments, histogram,
            ] + nio),
        .target(
            name: "ClientTestSupport", dependencies: ["SwitchboardClient", "SwitchboardProtocol", protobuf, tls] + nio,
            path: "Tests/ClientTestSupport", swiftSettings: settings),
        .target(
            name: "PushTestSupport",
            dependencies: ["SwitchboardPush", "SwitchboardCore", "SwitchboardProtocol", crypto, http2, jwt, tls] + nio,
            path: "Tests/PushTestSupport", swiftSettings: settings),
        .target(
            name: "StoreTestSupport",
            dependencies: [
                "ConversationStore", "PostgresClient", "LocalCluster", "SwitchboardCore", "SwitchboardProtocol",
                protobuf, logging,
            ],
            path: "Tests/StoreTestSupport", swiftSettings: settings),
        .target(
            name: "HTTPTestSupport", dependencies: [tls] + nio, path: "Tests/HTTPTestSupport",
            swiftSettings: settings),
        .target(
            name: "WebSocketTestSupport", dependencies: ["SwitchboardProtocol", protobuf, tls] + nio,
            path: "Tests/WebSocketTestSupport", swiftSettings: settings),

        tests("SwitchboardProtocolTests", ["SwitchboardProtocol", protobuf]),
        tests(
            "SwitchboardCoreTests",
            ["SwitchboardCore", "SwitchboardProtocol", "SwitchboardTestKit", protobuf, collections]),
        tests("SimulationTests", ["SwitchboardTestKit", "SwitchboardCore", "SwitchboardProtocol", protobuf]),
        tests(
            "CoordinationTests",
            ["Coordination", "LocalCluster", "SwitchboardCore", "SwitchboardProtocol", "ZooKeeperClient", logging]),
        tests("ZooKeeperClientTests", ["ZooKeeperClient", "LocalCluster", logging]),
        tests("PostgresClientTests", ["PostgresClient", "LocalCluster"]),
        tests("LocalClusterTests", ["LocalCluster", "switchboard-cluster", .product(name: "Yams", package: "Yams")]),
        tests(
            "ConformanceTests",
            [
                "ConversationStore", "StoreTestSupport", "SwitchboardTestKit", "LocalCluster", "SwitchboardCore",
                "SwitchboardProtocol", protobuf,
            ]),
        tests(
            "ConversationStoreTests",
            [
                "ConversationStore", "StoreTestSupport", "LocalCluster", "PostgresClient", "SwitchboardCore",
                "SwitchboardProtocol", sqlite,
            ]),
        tests(
            "SwitchboardTransportTests",
            [
                "SwitchboardTransport", "SwitchboardCore", "SwitchboardProtocol", "WebSocketTestSupport", protobuf,
                crypto, logging, tls,
            ] + nio),
        tests(
            "SwitchboardNodeTests",
            [
                "SwitchboardNode", "SwitchboardTransport", "SwitchboardCore", "SwitchboardProtocol", "SwitchboardPush",
                "SwitchboardTestKit", "LocalCluster", "HTTPTestSupport", "PostgresClient", protobuf, jwt, crypto, http,
                logging,
            ] + nio),
        tests(
            "SwitchboardPushTests",
            [
                "SwitchboardPush", "PushTestSupport", "SwitchboardTestKit", "SwitchboardCore", "SwitchboardProtocol",
                crypto, logging, tls,
            ] + nio),
        tests(
            "IntegrationTests",
            [
                "switchboard", "LocalCluster", "SwitchboardClient", "SwitchboardProtocol", "WebSocketTestSupport",
                "ClientTestSupport", "HTTPTestSupport", "PushTestSupport", crypto, protobuf, jwt,
            ]),
        tests(
            "SwitchboardClientTests",
            [
                "SwitchboardClient", "SwitchboardProtocol", "SwitchboardTestKit", "ClientTestSupport", protobuf, tls,
            ] + nio),
        tests(
            "ClusterTests",
            [
                "LocalCluster", "SwitchboardClient", "SwitchboardCore", "SwitchboardProbe", "SwitchboardProtocol",
                "SwitchboardTestKit", "PostgresClient", "DelayProxy", "PushTestSupport", "switchboard", crypto,
                protobuf,
            ] + nio),
        tests("DelayProxyTests", ["DelayProxy"] + nio),
        tests(
            "SwitchboardProbeTests",
            ["SwitchboardProbe", "SwitchboardClient", "SwitchboardProtocol", "ClientTestSupport", protobuf] + nio),
    ]
)
