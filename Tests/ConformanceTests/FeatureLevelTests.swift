import StoreTestSupport
import SwitchboardCore
import Testing

@Suite("store port: feature level")
struct FeatureLevelTests {
    @Test("a new store is at the newest level", arguments: StoreKind.allCases)
    func new(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            #expect(await a.result(of: .readFeatureLevel).featureLevel == FeatureLevel.newest)
            #expect(await b.result(of: .readFeatureLevel).featureLevel == FeatureLevel.newest)
        }
    }
}
