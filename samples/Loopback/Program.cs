using SipPush.Samples;
using SipPush.Samples.Loopback;

return await LoopbackProgram.RunAsync(args, Console.Out, Console.Error, Shutdown.Token());
