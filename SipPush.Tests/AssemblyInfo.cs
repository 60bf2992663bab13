// A test's fields are its own: none sees what another left in them.
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]

// Those that may run beside others mostly wait for other processes, so there is one more at once than there are cores where it matters.
[assembly: LevelOfParallelism(3)]
