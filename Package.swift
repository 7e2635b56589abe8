// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import PackageDescription

/// Warnings are errors in our tests and CI, and stay warnings for whoever builds with a newer compiler.
let isStrict = Context.environment["HOMEWISE_STRICT"] == "1"

let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

/// A room of the house (ARCHITECTURE.md): what it may see of ours, and what it hides from everybody else.
func room(_ name: String, on ours: [Target.Dependency] = [], hiding theirs: Target.Dependency...) -> Target {
    .target(name: name, dependencies: ours + theirs, swiftSettings: strict)
}

func tests(_ name: String, of ours: [Target.Dependency], using theirs: Target.Dependency..., excluding: [String] = []) -> Target {
    .testTarget(name: name, dependencies: ours + theirs, exclude: excluding, swiftSettings: strict)
}

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let certificates = Target.Dependency.product(name: "X509", package: "swift-certificates")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "homewise",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "homewise", targets: ["HomeWiseCommand"]),
        .executable(name: "homewise-onnx", targets: ["HomeWiseOnnxWorker"]),
        .library(name: "HomeWiseKit", targets: ["HomeWiseKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.18.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        room("HomeWiseDomain"),
        room("HomeWiseMachine", on: ["HomeWiseDomain"], hiding: subprocess),
        room("HomeWiseStore", on: ["HomeWiseDomain"], hiding: crypto, grdb),
        room("HomeWiseSources", on: ["HomeWiseDomain"], hiding: "CArchive", asyncHTTPClient, crypto, nioCore, nioHTTP1, nioPosix, nioSSL),
        room("HomeWiseEngines", on: ["HomeWiseDomain"], hiding: "CGuard", asyncHTTPClient, nioCore, nioHTTP1, subprocess, systemPackage),
        room("HomeWiseKit", on: ["HomeWiseDomain", "HomeWiseMachine", "HomeWiseStore", "HomeWiseSources", "HomeWiseEngines"]),
        room(
            "HomeWiseServer", on: ["HomeWiseKit", "HomeWiseDomain"], hiding: hummingbird, hummingbirdCore, hummingbirdTLS, httpTypes,
            logging,
            nioCore, nioHTTP1, nioPosix, nioSSL, asn1, certificates, crypto),
        .executableTarget(
            name: "HomeWiseCommand",
            dependencies: [
                "HomeWiseServer", "HomeWiseKit", "HomeWiseDomain", argumentParser, asyncHTTPClient, nioCore, nioHTTP1,
            ], swiftSettings: strict),
        .executableTarget(
            name: "HomeWiseOnnxWorker", dependencies: ["HomeWiseDomain", hummingbird, argumentParser], swiftSettings: strict),
        .systemLibrary(name: "CArchive", providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
        .target(name: "CGuard"),

        // For bench/ alone.
        .executableTarget(
            name: "HomeWiseBench",
            dependencies: ["HomeWiseEngines", "HomeWiseMachine", "HomeWiseStore", "HomeWiseSources", "HomeWiseDomain"],
            swiftSettings: strict),

        // For tests alone: real servers, real children.
        .target(
            name: "HomeWiseTesting", dependencies: ["HomeWiseStore", "HomeWiseDomain", nioCore, nioHTTP1, nioPosix, nioSSL],
            swiftSettings: strict),
        .executableTarget(name: "FakeEngine", dependencies: ["HomeWiseTesting"], swiftSettings: strict),

        tests("HomeWiseDomainTests", of: ["HomeWiseDomain"]),
        tests("HomeWiseMachineTests", of: ["HomeWiseMachine", "HomeWiseDomain", "HomeWiseTesting"]),
        tests("HomeWiseStoreTests", of: ["HomeWiseStore", "HomeWiseDomain", "HomeWiseTesting"], using: grdb),
        tests(
            "HomeWiseServerTests",
            of: [
                "HomeWiseServer", "HomeWiseKit", "HomeWiseEngines", "HomeWiseDomain", "HomeWiseTesting", "HomeWiseCommand", "FakeEngine",
            ], using: hummingbird, hummingbirdCore, httpTypes, logging, asyncHTTPClient, crypto, nioCore, nioHTTP1, nioSSL),
        tests("HomeWiseSourcesTests", of: ["HomeWiseSources", "HomeWiseStore", "HomeWiseDomain", "HomeWiseTesting"], using: crypto),
        tests("HomeWiseEnginesTests", of: ["HomeWiseEngines", "HomeWiseDomain", "HomeWiseTesting", "HomeWiseCommand", "FakeEngine"]),
        tests(
            "HomeWiseOnnxTests", of: ["HomeWiseOnnxWorker", "HomeWiseEngines", "HomeWiseDomain", "HomeWiseTesting"], using: asyncHTTPClient,
            nioCore, nioHTTP1),
        tests(
            "HomeWiseKitTests",
            of: [
                "HomeWiseKit", "HomeWiseEngines", "HomeWiseMachine", "HomeWiseSources", "HomeWiseStore", "HomeWiseDomain",
                "HomeWiseTesting",
                "HomeWiseCommand",
                "FakeEngine",
            ],
            using: crypto),
        tests(
            "HomeWiseEndToEndTests", of: ["HomeWiseEngines", "HomeWiseStore", "HomeWiseDomain", "HomeWiseTesting", "HomeWiseCommand"],
            using: subprocess, systemPackage, grdb,
            excluding: ["Shim"]),
    ],
    swiftLanguageModes: [.v6]
)
