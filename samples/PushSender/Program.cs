using SipPush.Samples;
using SipPush.Samples.PushSender;

return await SenderProgram.RunAsync(args, Console.Out, Console.Error, Shutdown.Token());
