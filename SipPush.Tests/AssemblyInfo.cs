// A test's fields are its own: none sees what another left in them.
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]

// Those that may run beside others wait for other processes most of the time: three of them keep two cores busy.
[assembly: LevelOfParallelism(3)]
