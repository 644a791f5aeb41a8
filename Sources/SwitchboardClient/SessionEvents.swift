import NIOCore

/// The events of a `SwitchboardClient`, for one reader.
///
/// Bounded: while the reader lags behind, nothing more is read from the server, which repeats what was not acknowledged.
/// So whoever sends must read the events too, or drop the sequence.
public struct SessionEvents: AsyncSequence, Sendable {
    public typealias Element = SessionEvent

    typealias Producer = NIOAsyncSequenceProducer<
        SessionEvent, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, FlowControl
    >

    let base: Producer

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let base: Producer.AsyncIterator

        @concurrent public mutating func next() async -> SessionEvent? {
            await base.next()
        }
    }

    /// Makes a sequence and the end to feed it with; the driver's reading follows the reader's pace.
    static func make(for driver: SessionDriver) -> (SessionEvents, Producer.Source) {
        let made = NIOAsyncSequenceProducer.makeSequence(
            elementType: SessionEvent.self,
            backPressureStrategy: NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
                lowWatermark: 64, highWatermark: 1024),
            finishOnDeinit: false,
            delegate: FlowControl(driver: driver))
        return (SessionEvents(base: made.sequence), made.source)
    }

    /// Called by the sequence on any thread.
    struct FlowControl: NIOAsyncSequenceProducerDelegate {
        let driver: SessionDriver

        func produceMore() {
            driver.eventLoop.execute { driver.setReading(true) }
        }

        func didTerminate() {
            driver.eventLoop.execute { driver.setReading(true) }
        }
    }
}
