using SipPush.Samples;
using SipPush.Samples.SipCore;

return await CoreProgram.RunAsync(args, Console.Out, Console.Error, Shutdown.Token());
